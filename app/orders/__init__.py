"""What an institution asked to license: cart, order, money, shipment, and how far each has come."""
