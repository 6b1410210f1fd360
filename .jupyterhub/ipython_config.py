"""Each kernel: in the shared environment, as etc/ipython/ipython_config.py.

A notebook of the course finds the course that it is in, also if it is opened from the list of files. (What `lab` opens
has a kernel that finds it anyway.) The path goes last, so no file of a learner's hides a module of Python's.
"""

c = get_config()  # noqa: F821  (IPython's)

FIND = """
import pathlib as _path, sys as _sys
_sys.path += [str(_f) for _f in _path.Path().absolute().parents if (_f / "workshop" / "notebook").is_dir()][:1]
del _path, _sys
"""
c.InteractiveShellApp.exec_lines = [FIND]
