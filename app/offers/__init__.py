"""What may be licensed, to whom, on which terms and at what price, and what may not, and why."""
