"""What the next hours bring: history in, one number per step out, and what had to be assumed."""
