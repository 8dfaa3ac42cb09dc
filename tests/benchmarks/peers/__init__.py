"""Other ways to do the same job, each as a competent user of it would set it up.

`install` installs them by their lock files. Each has a folder with its programs and lock file, and
a module that starts them.
"""
