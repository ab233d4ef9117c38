"""Catalogs on the move: what is given away of one."""
