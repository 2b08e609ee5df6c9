"""What a frozen program needs of this package: its data, and the modules that are imported by name."""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

datas = collect_data_files("edge_runtime")
hiddenimports = collect_submodules("edge_runtime", filter=lambda name: "_pyinstaller" not in name)
