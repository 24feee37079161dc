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


def test_every_governorate_has_one_diwan_that_nobody_is_sent_to_unasked():
    diwans = [unit for unit in places.units().values() if unit.kind == "diwan"]
    assert sorted(unit.governorate for unit in diwans) == sorted(places.governorates())
    assert all(unit.status != "open" for unit in diwans)


def test_new_cities_belong_to_an_authority_and_to_no_governorate():
    assert places.new_cities()["NUCA-04"].name == {"ar": "القاهرة الجديدة", "en": "New Cairo"}
    for city in places.new_cities().values():
        assert city.authority in places.authorities()
        assert city.code not in places.units()
