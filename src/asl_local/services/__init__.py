"""Stand-ins for AWS services: boto3's names and shapes over files in a folder.

Knows the file system and what each service promises. Must never know state machines, resources or schedules.
"""
