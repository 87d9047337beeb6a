#!/usr/bin/env python3
"""Answers one line on a TCP port of the loopback with "you said LINE", and ends. Usage: echo_server.py PORT"""
import socket
import sys

with socket.socket() as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(sys.argv[1])))
    server.listen(1)
    server.settimeout(600)
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"you said " + connection.recv(100))
