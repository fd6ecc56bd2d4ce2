"""Fetches a page's bytes from its address (`fetch`); `connect` and `addresses` decide what it may reach."""
