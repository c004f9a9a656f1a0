"""The same chat, written for wszero, for each of its peers and for the floor.

Each file is a program of its own that is started with a port: `python wszero_chat.py 8000`.
"""
