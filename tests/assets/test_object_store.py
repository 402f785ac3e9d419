"""Files come from folders and S3 endpoints the same way, whole or not at all."""

import gzip
from pathlib import Path
from uuid import uuid4

import pytest

from assets.object_store import StoredFile, client, fetch, fetch_all, list_files, read_text
from pipelines.errors import FileDamaged, LakeUnreachable
from pipelines.files import LocalFile, check_gzip, count_records
from pipelines.settings import Storage

HERE = Storage()


@pytest.fixture
def there(s3_endpoint: str) -> Storage:
    return Storage(endpoint_url=s3_endpoint, region="us-east-1")


@pytest.fixture
def bucket(there: Storage) -> str:
    name = f"bills-{uuid4().hex[:8]}"
    client(there).create_bucket(Bucket=name)
    return name


def put(there: Storage, bucket: str, key: str, data: bytes = b"data") -> None:
    client(there).put_object(Bucket=bucket, Key=key, Body=data)


def test_a_folder_is_listed_to_its_depth_by_name(tmp_path: Path):
    for name in ("b/2.csv", "a.csv", "b/1.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    files = list_files(str(tmp_path), HERE)
    assert [(f.name, f.size) for f in files] == [("a.csv", 1), ("b/1.csv", 1), ("b/2.csv", 1)]
    assert [f.name for f in list_files(f"{tmp_path}/b/*.csv", HERE)] == ["1.csv", "2.csv"]
    assert [f.name for f in list_files(f"{tmp_path}/a.csv", HERE)] == ["a.csv"]


def test_a_path_that_does_not_exist_is_no_empty_source(tmp_path: Path):
    with pytest.raises(LakeUnreachable, match="does not exist"):
        list_files(str(tmp_path / "nowhere"), HERE)


def test_a_prefix_is_a_folder_and_not_the_beginning_of_a_name(there: Storage, bucket: str):
    for key in ("cur/shop/1.csv", "cur/shop/sub/2.csv", "cur/shop-old/1.csv"):
        put(there, bucket, key)
    assert [f.name for f in list_files(f"s3://{bucket}/cur/shop", there)] == ["1.csv", "sub/2.csv"]
    assert [f.name for f in list_files(f"s3://{bucket}/cur/shop/1.csv", there)] == ["1.csv"]
    assert [f.name for f in list_files(f"s3://{bucket}/cur/*/1.csv", there)] == [
        "shop-old/1.csv",
        "shop/1.csv",
    ]
    assert list_files(f"s3://{bucket}/nothing", there) == []


def test_more_objects_than_one_page_are_all_listed(there: Storage, bucket: str):
    for number in range(1003):
        put(there, bucket, f"many/{number:04}", b"")
    assert len(list_files(f"s3://{bucket}/many", there)) == 1003


def test_a_bucket_or_endpoint_that_is_not_there_is_said_in_words(there: Storage):
    with pytest.raises(LakeUnreachable, match="s3://no-such-bucket/x does not exist"):
        list_files("s3://no-such-bucket/x", there)
    nowhere = Storage(endpoint_url="http://127.0.0.1:9", region="us-east-1")
    with pytest.raises(LakeUnreachable, match="could not be reached at"):
        list_files("s3://bucket/x", nowhere)


def test_an_object_is_downloaded_once_and_then_read_without_the_network(
    there: Storage, bucket: str, tmp_path: Path
):
    put(there, bucket, "a/b.csv", b"hello")
    [file] = list_files(f"s3://{bucket}/a", there)
    path = fetch(file, there, tmp_path)
    assert path.read_bytes() == b"hello"
    nowhere = Storage(endpoint_url="http://127.0.0.1:9", region="us-east-1")
    assert fetch(file, nowhere, tmp_path) == path
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    assert fetch_all([file], there, tmp_path) == [LocalFile(str(path), "b.csv", 5, file.etag)]
    assert read_text(file.url, there) == "hello"


def test_a_large_object_whose_etag_is_no_digest_arrives_whole(
    there: Storage, bucket: str, tmp_path: Path
):
    data = bytes(range(256)) * 4096 * 10
    s3 = client(there)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    half = len(data) // 2
    etags = [
        s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=n, Body=part)["ETag"]
        for n, part in ((1, data[:half]), (2, data[half:]))
    ]
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, start=1)]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    [file] = list_files(f"s3://{bucket}/big", there)
    assert file.etag.endswith("-2")
    assert fetch(file, there, tmp_path).read_bytes() == data


def test_an_object_replaced_since_it_was_listed_is_refused(
    there: Storage, bucket: str, tmp_path: Path
):
    put(there, bucket, "a.csv", b"first")
    [file] = list_files(f"s3://{bucket}/a.csv", there)
    put(there, bucket, "a.csv", b"other")
    with pytest.raises(FileDamaged, match=r"a\.csv"):
        fetch(file, there, tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("changed", [{"size": 4}, {"etag": "0" * 32}])
def test_a_size_or_etag_that_is_not_the_listed_one_is_refused(
    there: Storage, bucket: str, tmp_path: Path, changed: dict
):
    put(there, bucket, "a.csv", b"hello")
    [file] = list_files(f"s3://{bucket}/a.csv", there)
    wrong = StoredFile(**{"url": file.url, "name": "a", "size": 5, "etag": file.etag} | changed)
    with pytest.raises(FileDamaged):
        fetch(wrong, there, tmp_path)


def test_an_object_deleted_since_it_was_listed_is_said_in_words(
    there: Storage, bucket: str, tmp_path: Path
):
    put(there, bucket, "a.csv")
    [file] = list_files(f"s3://{bucket}/a.csv", there)
    client(there).delete_object(Bucket=bucket, Key="a.csv")
    with pytest.raises(LakeUnreachable, match="does not exist"):
        fetch(file, there, tmp_path)


def test_a_local_file_is_used_where_it_lies_unless_it_changed(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("one")
    [file] = list_files(str(path), HERE)
    assert fetch(file, HERE, tmp_path / "cache") == path
    path.write_text("three")
    with pytest.raises(FileDamaged, match="changed since"):
        fetch(file, HERE, tmp_path / "cache")


def test_a_gzip_is_checked_to_its_last_byte(tmp_path: Path):
    whole = gzip.compress(b"some,text\n" * 1000) + gzip.compress(b"more\n")
    path = tmp_path / "a.gz"
    path.write_bytes(whole)
    check_gzip(path)
    path.write_bytes(whole + b"\0" * 100)  # padding of tapes and blocks is no content
    check_gzip(path)
    for damaged in (whole[:-1], whole[:-9], whole + b"x", whole[:40] + b"\xff" + whole[41:], b""):
        path.write_bytes(damaged)
        with pytest.raises(FileDamaged, match=r"a\.gz"):
            check_gzip(path)


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 2), ("a\r\n\r\nb\r\n", 2), ("\n\n", 0),
        ('"a\nb"\n', 1), ('"a""\n"\nb\n', 2), ('""\n""\n', 2), ('"\n\n\n",x\n', 1),
    ],
)  # fmt: skip
def test_records_are_counted_from_the_bytes(tmp_path: Path, text: str, records: int):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert count_records(LocalFile(str(path), "a.csv", len(text), "")) == records


@pytest.mark.parametrize("chunk", [1, 2, 3, 5])
def test_records_are_counted_the_same_wherever_a_piece_of_the_file_ends(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
):
    text = 'a,"b\n""c""\n"\r\n\r\n"",""\n\n"x\r\ny"\nlast'
    monkeypatch.setattr("pipelines.files.CHUNK", chunk)
    test_records_are_counted_from_the_bytes(tmp_path, text, 4)


def test_an_open_quote_is_damage(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text('a\n"b\n')
    with pytest.raises(FileDamaged, match="inside a quoted field"):
        count_records(LocalFile(str(path), "a.csv", 5, ""))
