"""What a provider lists for a token: dated price books, read from three kinds of file.

A list price times logged tokens is what gateways call cost. It is a prediction: it is kept beside
what was billed and never added to it.
"""
