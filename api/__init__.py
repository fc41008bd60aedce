"""Delivery over HTTP: routes, schemas, errors."""
