"""Is found in place of the package of this name, to save a second of every process that reads a notebook.

jsonschema imports that package if it is installed, to check the syntax of IRIs, and the package compiles its grammar at each
import. No notebook's schema has an IRI.
"""

raise ImportError("not needed by the tests")
