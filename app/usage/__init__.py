"""How institutions use films: events, monthly counts, and COUNTER reports. Nothing personal."""
