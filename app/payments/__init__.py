"""Taking money through Stripe, and accounting for every cent of it."""
