"""The stamp of a decision, from wherever the study keeps it."""

from __future__ import annotations

from analysis.whitelist_parts import Stamp
from app.folder import StudyFolder
from app.settings import read_settings
from app.store.database import Database
from app.store.decision_stamp import decision_stamp, stamp_decision
from app.study import Study


def stamp_of(folder: StudyFolder, study: Study) -> Stamp | None:
    """When the study's decision was fixed, changes up to now included; None where it never had a database."""
    settings = read_settings()
    if not settings.database_url and not (folder.path / "study.db").is_file():
        return None
    database = Database(settings.database_url or folder.database_url, lambda: folder.sealing(settings.seal_keys))
    try:
        if database.revision() is None:
            return None
        with database.writing() as session:
            stamp_decision(session, study)
            return Stamp.model_validate(decision_stamp(session))
    finally:
        database.dispose()
