"""Clients of a served endpoint, with httpx: what smoke and chat share and what each of them does."""
