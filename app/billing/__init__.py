"""Tax, purchase orders, invoices, credit notes, and credit: what an order owes and why."""
