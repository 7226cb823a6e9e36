"""TestState: one state at a time, with AWS's request and response, offline.

request.py reads the request, subject.py finds the state and says what can be tested how, resources/shapes.py compares a
mocked result with the service's API model, inspection.py and maps.py take the data flow apart, run.py runs the state.
"""

from asl_local.interfaces.test_state.run import test_state

__all__ = ["test_state"]
