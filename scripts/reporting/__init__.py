"""
What a reviewer reads of a pull request: for each stack what changes, who can reach it, what it costs, what it breaks.

`__main__` is the command. `commits` and `stacks` find what to compare, `scripts.foreseen` looks ahead, `changes`,
`reach` and `costs` compare, `assess` judges, `layout` says it in a `document`, and `markdown` and `page` write that.
"""
