"""A service definition: one YAML document that says all there is to a service, so that no code knows any service by
name. `load_definition` is the one gate; authoring.py reads the files that people write, json_schema.py publishes the
shape, `python -m contracts.definition FOLDER` tells every fault of every file."""

from contracts.definition.basics import (
    DELIVERIES,
    MAX_DOCUMENT_BYTES,
    MEDIA_TYPES,
    OUTPUT_KINDS,
    PRESENTED,
    SILENCES,
    SOURCED,
    SOURCES,
    UNIT_KINDS,
)
from contracts.definition.loading import load_definition
from contracts.definition.schema import FEE_NEEDS, Definition

__all__ = ["DELIVERIES", "FEE_NEEDS", "MAX_DOCUMENT_BYTES", "MEDIA_TYPES", "OUTPUT_KINDS", "PRESENTED", "SILENCES",
           "SOURCED", "SOURCES", "UNIT_KINDS", "Definition", "load_definition"]
