"""Delivery over HTTP: one application, its routes, its schemas and its one error shape."""
