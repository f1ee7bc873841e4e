"""A protoc plugin: messages, type stubs and gRPC stubs of one proto package under a Python package of another name.

protoc's Python generator derives import names from the proto package, so the code of `llmemory.v1` would be imported as
`llmemory.v1`, which is taken: `llmemory` on PyPI is another library. Only import names change here; the package on the wire stays.

Option: `package=NAME`, the Python package to use in place of the proto package's first part.
"""

import pathlib
import re
import sys
import tempfile

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def main() -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse()
    response.supported_features = plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    package = dict(option.split("=", 1) for option in request.parameter.split(","))["package"]
    # Imports of protos that are not generated here (google/protobuf, google/rpc) stay as they are.
    own_folders = {str(pathlib.PurePosixPath(name).parent) for name in request.file_to_generate}

    with tempfile.TemporaryDirectory() as folder:
        generate(request, pathlib.Path(folder))
        for path in sorted(pathlib.Path(folder).rglob("*.py*")):
            renamed = rename(path.relative_to(folder), package)
            response.file.add(name=str(renamed), content=rename_imports(path.read_text(), own_folders, package))
    for folder in sorted({package} | {str(rename(pathlib.PurePosixPath(folder), package)) for folder in own_folders}):
        response.file.add(name=f"{folder}/__init__.py", content="")
    # Tells type checkers to read the stubs.
    response.file.add(name=f"{package}/py.typed", content="")
    sys.stdout.buffer.write(response.SerializeToString())


def generate(request: plugin_pb2.CodeGeneratorRequest, folder: pathlib.Path) -> None:
    descriptors = folder / "descriptors.binpb"
    descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
    arguments = [f"--descriptor_set_in={descriptors}"]
    arguments += [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    exit_code = protoc.main(["protoc", *arguments, *request.file_to_generate])
    descriptors.unlink()
    if exit_code != 0:
        sys.exit(f"grpc_tools.protoc ended with {exit_code}")


def rename(path: pathlib.PurePath, package: str) -> pathlib.PurePosixPath:
    return pathlib.PurePosixPath(package, *path.parts[1:])


def rename_imports(code: str, own_folders: set[str], package: str) -> str:
    for folder in own_folders:
        module = folder.replace("/", ".")
        renamed = str(rename(pathlib.PurePosixPath(folder), package)).replace("/", ".")
        code = re.sub(rf"^from {re.escape(module)} import ", f"from {renamed} import ", code, flags=re.MULTILINE)
    return code


main()
