"""
The rules this project lives by, for any stack: a pack for `pulumi preview --policy-pack`, and plain functions.

Only the standard library is needed, and modules import each other relatively: the pack has a virtual environment of
its own, and works wherever its folder lies.
"""
