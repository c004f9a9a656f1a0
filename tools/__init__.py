"""What `dev.py` is made of. Standard library only; nothing of this is in the wheel."""
