"""Console forms declared as data: definition, input, validation, and drawing."""
