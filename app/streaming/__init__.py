"""What was licensed arrives and plays: plays, signed media paths, and the delivery of bytes."""
