"""Recorded homes: measured data sets of other people, told again in the words of the wire contract.

One row of a file becomes one reading, whatever is in it: a value that the contract refuses travels as it is
and is dead-lettered by the same path as any other, with the reason. README.md has the mapping of columns.
"""
