"""Labelled rows from many sources, each with its licence and its label mapping.

``sources.toml`` declares what there is; `build` turns it, the authored messages and the annotations into one table of
labelled rows. Public data is read where it lies and never copied into the project. Needs the extra ``corpus``.
"""
