"""A collection of faces on disk: what is known of them in SQLite, their vectors in a file that only grows.

Knows: which classes the room offers. Must never know: pictures, AWS's shapes beyond a face's record.
"""

from __future__ import annotations

from asl_local.services.rekognition.collection.errors import CollectionDamaged, CollectionGone
from asl_local.services.rekognition.collection.faces import FaceCollection

__all__ = ["CollectionDamaged", "CollectionGone", "FaceCollection"]
