"""The fuzzer itself, a few cases a reader: the long run is `python -m benchmarks.fuzz_readers`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from benchmarks import robust_mutations, robust_seeds
from benchmarks.fuzz_readers import READERS
from benchmarks.robust_mails import malformed
from moderation.messages.mail.parsing import parse_mail

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs its cases in forks")


def test_a_few_cases_of_every_reader():
    command = [sys.executable, "-m", "benchmarks.fuzz_readers", "--cases", "40"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == list(READERS)


def test_malformed_mails_are_made_from_their_number():
    mails = [malformed(Random(number)) for number in range(600)]
    assert mails == [malformed(Random(number)) for number in range(600)]
    assert len(set(mails)) > 550
    for mail in mails:
        text = parse_mail(mail).text
        assert text is None or text.encode()


@pytest.mark.parametrize("name", [name for name in vars(robust_mutations) if name.startswith("of_")])
def test_mutations_change_something(name):
    seeds = {"of_parquet": robust_seeds.parquet_seeds, "of_zip": robust_seeds.zip_seeds}.get(
        name, lambda: [robust_seeds.MAIL, robust_seeds.JSONL]
    )()
    mutate = getattr(robust_mutations, name)
    broken = [mutate(seeds[0], Random(number), seeds) for number in range(60)]
    assert len(set(broken)) > 25
    assert broken == [mutate(seeds[0], Random(number), seeds) for number in range(60)]
