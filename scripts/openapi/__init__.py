"""Alibaba Cloud's OpenAPI, called as the vendor's own library calls it, with the credentials the provider would use."""

from scripts.openapi.client import OpenApi, connect
from scripts.openapi.errors import ApiError, NoCredentialsError, RefusedError, UnreachableError

__all__ = ["ApiError", "NoCredentialsError", "OpenApi", "RefusedError", "UnreachableError", "connect"]
