"""What the pytest plugin does once somebody uses it; its door is the module _asl_local_pytest, beside this package."""
