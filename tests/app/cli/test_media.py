"""`earwitness media`: the clips go into storage, stay what they are, and leave it; every failure is a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import soundfile

from app.store.database import Database, sqlite_url
from app.store.media import all_stored
from tests.app.cli.conftest import Ended
from tests.app.storage import ACCESS_KEY_ID, BUCKET, SECRET, StorageAtHand, storage_at_hand

ORIGIN = "https://study.lab.example"

Run = Callable[..., Ended]


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageAtHand]:
    with storage_at_hand(monkeypatch) as at_hand:
        named = {
            "MEDIA_BUCKET": BUCKET,
            "MEDIA_ENDPOINT_URL": at_hand.url,
            "MEDIA_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "MEDIA_SECRET_ACCESS_KEY": SECRET,
            "PUBLIC_URL": f"{ORIGIN}/",
        }
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        yield at_hand


@pytest.fixture
def made(study: Path, earwitness: Run) -> Path:
    """A study of two clips, with its pairs."""
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    return study


@pytest.fixture
def uploaded(made: Path, storage: StorageAtHand, earwitness: Run) -> Path:
    """The same, with its clips in storage."""
    ended = earwitness("media", "upload", "--study", made)
    assert ended.code == 0, ended.err
    return made


def noted(study: Path) -> set[str]:
    """The keys that the study's database knows."""
    database = Database(sqlite_url(study / "study.db"))
    with database.reading() as session:
        found = {one.object_key for one in all_stored(session)}
    database.dispose()
    return found


def puts(storage: StorageAtHand) -> int:
    """How many objects were sent so far."""
    return sum(method == "PUT" and len(path.split("/")) > 3 for method, path, _, _ in storage.door.came)


def files(study: Path) -> int:
    """The clips of a study."""
    return len({*study.glob("pairs/original/*"), *study.glob("pairs/noisy/*")})


def test_every_clip_goes_up_in_three_copies_for_nobody_but_us(uploaded: Path, storage: StorageAtHand) -> None:
    keys = storage.keys

    assert len(keys) == 3 * files(uploaded) > 0
    assert noted(uploaded) == set(keys)
    for key in keys:
        head = storage.client.head_object(Bucket=BUCKET, Key=key)
        assert (head["ContentType"], head["Metadata"]) == ("audio/wav", {})
    grants = storage.client.get_object_acl(Bucket=BUCKET, Key=keys[0])["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]


def test_what_is_there_is_not_sent_again_unless_it_is_asked_for(
    uploaded: Path, storage: StorageAtHand, earwitness: Run
) -> None:
    before = puts(storage)

    again = earwitness("media", "upload", "--study", uploaded)

    assert (again.code, puts(storage)) == (0, before)
    assert f"0 uploaded, {before} were there already" in again.err
    assert earwitness("media", "upload", "--study", uploaded, "--again").code == 0
    assert puts(storage) == 2 * before
    more = earwitness("media", "upload", "--study", uploaded, "--variants", 4)
    assert f"{before // 3} uploaded" in more.err
    assert earwitness("media", "verify", "--study", uploaded).code == 0


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (403, "AccessDenied")])
def test_an_upload_that_is_cut_off_goes_on_where_it_was(
    made: Path, storage: StorageAtHand, earwitness: Run, status: int, code: str
) -> None:
    storage.door.refuses = lambda method, _path: (status, code) if method == "PUT" and puts(storage) > 10 else None
    cut = earwitness("media", "upload", "--study", made)
    assert cut.code == 1
    assert f"could not put a clip into the bucket {BUCKET} at {storage.url}: " in cut.err
    assert "Traceback" not in cut.err
    there = noted(made)
    assert 0 < len(there) <= 10
    assert there <= set(storage.keys)
    storage.door.refuses = lambda _method, _path: None
    before = puts(storage)

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 0
    assert puts(storage) - before == 3 * files(made) - len(there)
    assert earwitness("media", "verify", "--study", made).code == 0


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("MEDIA_BUCKET", "", "no storage is named, so clips come from the app itself; set MEDIA_BUCKET"),
        ("MEDIA_BUCKET", "another-bucket", "there is no such bucket; make it there, or name another one"),
        ("MEDIA_BUCKET", "not a bucket", "Invalid bucket name"),
        ("MEDIA_ACCESS_KEY_ID", "AKIDOTHER", "it does not know the access key"),
        ("MEDIA_ENDPOINT_URL", "http://127.0.0.1:9", "Could not connect to the endpoint URL"),
    ],
)
def test_what_is_set_wrong_is_said_in_a_sentence(
    made: Path,
    storage: StorageAtHand,
    earwitness: Run,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv(variable, value)

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 1
    assert sentence in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("RequestTimeTooSkewed", "set this machine's clock"),
        ("SignatureDoesNotMatch", "the secret does not belong to the access key"),
        ("AccessDenied", "the keys may not do that"),
        ("Strange", "Strange: Strange it is"),
    ],
)
def test_a_refusal_says_what_to_do(
    made: Path, storage: StorageAtHand, earwitness: Run, code: str, sentence: str
) -> None:
    storage.door.refuses = lambda _method, _path: (403, code)

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 1
    assert sentence in ended.err


def test_without_any_key_the_variables_are_named(
    made: Path, storage: StorageAtHand, earwitness: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MEDIA_ACCESS_KEY_ID", "MEDIA_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 1
    assert "set MEDIA_ACCESS_KEY_ID and MEDIA_SECRET_ACCESS_KEY" in ended.err


def test_half_a_key_is_said_in_a_sentence(
    made: Path, storage: StorageAtHand, earwitness: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEDIA_SECRET_ACCESS_KEY")

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 1
    assert "set both MEDIA_ACCESS_KEY_ID and MEDIA_SECRET_ACCESS_KEY, or neither" in ended.err


def test_a_clip_that_is_gone_is_named(made: Path, storage: StorageAtHand, earwitness: Run) -> None:
    lost = next((made / "pairs" / "noisy").iterdir())
    lost.unlink()

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 1
    assert f"{lost} can't be read as sound" in ended.err


def test_verify_finds_every_kind_of_difference(uploaded: Path, storage: StorageAtHand, earwitness: Run) -> None:
    assert "objects agree with their files" in earwitness("media", "verify", "--study", uploaded).err
    gone, changed = storage.keys[:2]
    storage.client.delete_object(Bucket=BUCKET, Key=gone)
    size = storage.client.head_object(Bucket=BUCKET, Key=changed)["ContentLength"]
    storage.client.put_object(Bucket=BUCKET, Key=changed, Body=bytes(size))
    storage.client.put_object(Bucket=BUCKET, Key=f"{gone.split('/')[0]}/strange", Body=b"x")
    storage.client.put_object(Bucket=BUCKET, Key="of-somebody-else", Body=b"x")
    file = next((uploaded / "pairs" / "noisy").iterdir())
    samples, rate_hz = soundfile.read(file)
    soundfile.write(file, samples * 0.5, rate_hz, subtype="PCM_16")

    ended = earwitness("media", "verify", "--study", uploaded)

    assert ended.code == 1
    found = ended.out.splitlines()
    of_file = [line for line in found if line.startswith(str(file.relative_to(uploaded / "pairs")))]
    assert len([line for line in of_file if "its file has changed" in line]) >= 1
    assert sum("is not in storage" in line for line in found) == 1
    assert sum("has changed in storage" in line for line in found) <= 1
    assert sum("strange in storage belongs to no clip" in line for line in found) == 1
    assert "of-somebody-else" not in ended.out
    assert f"{len(found)} of " in ended.err
    assert earwitness("media", "upload", "--study", uploaded, "--again").code == 0
    assert len(earwitness("media", "verify", "--study", uploaded).out.splitlines()) == 1  # the strange one


def test_bytes_that_changed_in_storage_are_found(uploaded: Path, storage: StorageAtHand, earwitness: Run) -> None:
    changed = storage.keys[0]
    size = storage.client.head_object(Bucket=BUCKET, Key=changed)["ContentLength"]
    storage.client.put_object(Bucket=BUCKET, Key=changed, Body=bytes(size))

    ended = earwitness("media", "verify", "--study", uploaded)

    assert ended.code == 1
    assert re.fullmatch(
        r"\S+, variant \d has changed in storage; `earwitness media upload --again` sends it\n", ended.out
    )


def test_remove_asks_and_takes_away_only_what_is_the_studys(
    uploaded: Path, storage: StorageAtHand, earwitness: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.client.put_object(Bucket=BUCKET, Key="of-somebody-else", Body=b"x")
    with monkeypatch.context() as context:
        context.setattr("click.confirm", refuse)
        assert earwitness("media", "remove", "--study", uploaded).code == 130
    assert len(storage.keys) > 1

    ended = earwitness("media", "remove", "--study", uploaded, "--yes")

    assert ended.code == 0
    assert storage.keys == ["of-somebody-else"]
    assert noted(uploaded) == set()
    assert "0 objects deleted" in earwitness("media", "remove", "--study", uploaded).err


def refuse(text: str, **_how: object) -> None:
    """A person who says no."""
    import click

    assert re.match(r"Delete \d+ objects from the bucket ", text)
    raise click.Abort


def test_the_studys_pages_may_fetch_and_rules_of_others_stay(
    made: Path, storage: StorageAtHand, earwitness: Run
) -> None:
    other = {"AllowedOrigins": ["https://other.example"], "AllowedMethods": ["PUT"]}
    storage.client.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [other]})

    first, second = (earwitness("media", "upload", "--study", made) for _ in range(2))

    assert f"pages of {ORIGIN} may fetch" in first.err
    assert "may fetch" not in second.err
    rules = storage.client.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert [rule["AllowedOrigins"] for rule in rules] == [["https://other.example"], [ORIGIN]]
    assert sorted(rules[1]["AllowedMethods"]) == ["GET", "HEAD"]


def test_a_rule_that_may_not_be_set_is_spelled_out(made: Path, storage: StorageAtHand, earwitness: Run) -> None:
    at_root = {f"/{BUCKET}", f"/{BUCKET}/"}
    storage.door.refuses = lambda method, path: (403, "AccessDenied") if method == "PUT" and path in at_root else None

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 1
    assert f"AllowedOrigins {ORIGIN}, AllowedMethods GET and HEAD" in " ".join(ended.err.split())


def test_without_a_public_address_the_rest_is_done(
    made: Path, storage: StorageAtHand, earwitness: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBLIC_URL")

    ended = earwitness("media", "upload", "--study", made)

    assert ended.code == 0
    assert "set PUBLIC_URL, and run again" in ended.err


def test_storage_that_anybody_can_read_is_refused(uploaded: Path, storage: StorageAtHand, earwitness: Run) -> None:
    for key in storage.keys:
        storage.client.put_object_acl(Bucket=BUCKET, Key=key, ACL="public-read")

    ended = earwitness("media", "verify", "--study", uploaded)

    assert ended.code == 1
    assert "anybody can read the bucket" in ended.err
