"""Doors to the tablets of the mobile district."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_mobile as language
from services.requests import devices, licence_numbers, serial_blocks


class MobileDoors:
    """Mixed into the service."""

    @command("requests.register_device", language.RegisterDevice, permission="device.manage")
    def register_device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.register(work, body)

    @command("requests.certify_device", language.CertifyDevice, permission="device.manage")
    def certify_device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.certify(work, body)

    @command("requests.suspend_device", language.ChangeDevice, permission="device.manage")
    def suspend_device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.suspend(work, body)

    @command("requests.resume_device", language.ChangeDevice, permission="device.manage")
    def resume_device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.resume(work, body)

    @command("requests.revoke_device", language.ChangeDevice, permission="device.manage")
    def revoke_device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.revoke(work, body)

    @command("requests.return_serials", language.ReturnSerials, permission="device.manage")
    def return_serials(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.return_serials(work, body)

    @command("requests.wipe_device", language.WipeDevice, permission="device.manage")
    def wipe_device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.wipe(work, body)

    @command("requests.device_contact", language.DeviceContact, permission="device.contact")
    def device_contact(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.contact(work, body)

    @query("requests.device_unlock", language.DeviceUnlock, permission="offline.work")
    def device_unlock(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.unlock(work, body["device_id"])

    @query("requests.device", language.OneDevice, permission="device.manage")
    def device(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.show(work, body["device_id"])

    @query("requests.devices", language.ListDevices, permission="device.manage")
    def devices_listed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return devices.listed(work, body)

    @timer(seconds=30, name="give-up-reserved-serials")
    def give_up_reserved_serials(self, platform: Platform) -> bool:
        return platform.attempt(serial_blocks.sweep)

    @timer(seconds=30, name="explain-licence-numbers")
    def explain_licence_numbers(self, platform: Platform) -> bool:
        return platform.attempt(licence_numbers.explain)
