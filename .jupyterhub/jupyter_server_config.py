"""Each learner's server: in the shared environment, as etc/jupyter/jupyter_server_config.py."""

c = get_config()  # noqa: F821  (Jupyter's)

# Not a login shell, which would set PATH again: python3 must be the shared environment's.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
# Neither is needed, and both would start more processes for each learner.
c.LabApp.extension_manager = "readonly"
c.LanguageServerManager.autodetect = False
# A kernel that nobody has used for an hour, ended, frees its memory. The notebook stays, and can be run again.
c.MappingKernelManager.cull_idle_timeout = 3600
c.MappingKernelManager.cull_connected = True
