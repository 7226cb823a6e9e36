"""What a Distributed Map reads its items from, and what it writes its results to: S3 objects, streamed.

`items_of` opens what an ItemReader names and gives one item after the other; `result_file` and `manifest` make the
bodies of a ResultWriter's objects.
"""

from asl_local.resources.datasets.sources import items_of
from asl_local.resources.datasets.text_formats import Item
from asl_local.resources.datasets.writing import manifest, result_file

__all__ = ["Item", "items_of", "manifest", "result_file"]
