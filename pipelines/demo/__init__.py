"""The demo shop: a quarter of bills and logs of an online shop that does not exist.

Everything here is derived from the facts in `shop.py`: the same rows on every machine and every
day, no clock, no chance. `traffic` says what was asked of the models, `machines`, `services` and
`invoice` say what AWS charges for it, `bill` puts a month together, `delivery` renders what AWS
would deliver, `figures` adds up what a correct reading must find.

The amounts are chosen so that a person can check them by hand; they are nobody's prices.
"""
