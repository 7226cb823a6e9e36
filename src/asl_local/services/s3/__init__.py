"""S3 on a folder: buckets are folders, keys are the files below them. `client` answers, `store` keeps, `paths` names."""

from asl_local.services.s3.client import S3
from asl_local.services.s3.rules import OPERATIONS
from asl_local.services.s3.store import guess_type

__all__ = ["OPERATIONS", "S3", "guess_type"]
