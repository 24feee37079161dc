from datetime import date

from rules import places


def test_the_country_has_27_governorates_each_with_its_own_codes():
    everywhere = places.governorates()
    assert len(everywhere) == 27
    assert len({one.national_id_code for one in everywhere.values()}) == 27
    assert places.governorate("EG-GZ").name == {"ar": "الجيزة", "en": "Giza"}
    assert places.governorates_by_national_id_code()["21"].iso_code == "EG-GZ"


def test_a_unit_is_found_by_its_code():
    assert places.unit("EG-C-13").name_ar == "المعادي"
    assert places.unit("EG-KFS-14").kind == "diwan"
    assert places.unit("EG-C-99") is None
    assert places.governorate("EG-XX") is None


def test_every_unit_belongs_to_a_governorate_and_carries_its_code():
    for unit in places.units().values():
        assert unit.code.startswith(unit.governorate + "-")
        assert unit.governorate in places.governorates()


def test_new_cities_belong_to_an_authority_and_to_no_governorate():
    assert places.new_cities()["NUCA-04"].name == {"ar": "القاهرة الجديدة", "en": "New Cairo"}
    for city in places.new_cities().values():
        assert city.authority in places.authorities()
        assert city.code not in places.units()


def unit_body(governorate="EG-C", **changes):
    return {"name": {"ar": "حي جديد", "en": "New District"}, "unit_kind": "district", "governorate": governorate,
            "authority": None, "parent": None, "status": "open", **changes}


def test_what_was_approved_is_laid_over_the_list():
    timelines = {
        "EG-C-01": [{"valid_from": "1970-01-01", "valid_until": "2026-12-01", "body": unit_body()},
                    {"valid_from": "2026-12-01", "valid_until": None, "body": unit_body(status="being fitted out")}],
        "EG-C-16": [{"valid_from": date(2026, 12, 5), "valid_until": date(2027, 1, 1), "body": unit_body()}],
        "NUCA-16": [{"valid_from": "2026-01-01", "valid_until": None, "body": unit_body(None, authority="NUCA")}],
    }
    before = places.laid_over(timelines, date(2026, 11, 30))
    assert before["EG-C-01"].status == "open" and before["EG-C-01"].name_en == "New District"
    assert "EG-C-16" not in before and "NUCA-16" not in before
    assert before["EG-C-02"] == places.unit("EG-C-02")
    assert places.laid_over(timelines, date(2026, 12, 1))["EG-C-01"].status == "being fitted out"
    assert places.laid_over(timelines, date(2026, 12, 31))["EG-C-16"].governorate == "EG-C"
    assert "EG-C-16" not in places.laid_over(timelines, date(2027, 1, 1))
    assert places.laid_over({}, date(2026, 12, 1)) == places.units()
