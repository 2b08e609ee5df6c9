"""What a frozen program needs of this package: its data, and the modules that are imported by name."""

from importlib.util import find_spec

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

datas = collect_data_files("edge_runtime")
hiddenimports = collect_submodules("edge_runtime", filter=lambda name: "_pyinstaller" not in name)
# Of the extra `report`, where it is installed beside the program.
if find_spec("babel") and find_spec("jinja2"):
    hiddenimports += ["babel.dates", "babel.numbers", "babel.messages.mofile", "babel.messages.pofile", "jinja2"]
# Of the extra `dicom-out`: tables of the standard and a colour profile, which highdicom reads from its folder.
if find_spec("highdicom"):
    datas += collect_data_files("highdicom")
# Of the extra `slots`: the module that PyNaCl's own library imports, where PyInstaller does not look.
if find_spec("nacl"):
    hiddenimports += ["_cffi_backend"]
