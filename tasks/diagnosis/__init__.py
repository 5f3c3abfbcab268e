"""Diagnosis: from the numbers of a study to the reasons of its result, and to the plan of the next
one.
"""
