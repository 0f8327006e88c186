"""One session of Netmiko with one router, as people write them. The result is JSON on standard output.

Usage: netmiko_session.py DEVICE_TYPE HOST PORT USER PASSWORD SECRET
"""
import json
import sys

from netmiko import ConnectHandler

device_type, host, port, user, password, secret = sys.argv[1:]
router = ConnectHandler(
    device_type=device_type,
    host=host,
    port=int(port),
    username=user,
    password=password,
    secret=secret,
)
result = {"before": router.find_prompt()}
router.enable()
result["enabled"] = router.check_enable_mode()
router.exit_enable_mode()
result["disabled"] = router.find_prompt()
router.enable()
result["after"] = router.find_prompt()
result["version"] = router.send_command("show version")
result["running"] = router.send_command("show running-config")
result["configuration"] = router.send_config_set(
    [
        "interface GigabitEthernet0/0",
        "description by Netmiko",
        "router lisp",
        "locator-set NETMIKO",
        "203.0.113.11 priority 7 weight 7",
    ]
)
result["in configuration"] = router.check_config_mode()
result["changed"] = router.send_command("show running-config")
result["saved"] = router.save_config()
result["startup"] = router.send_command("show startup-config")
result["undone"] = router.send_config_set(
    [
        "router lisp",
        "no locator-set NETMIKO",
        "interface GigabitEthernet0/0",
        "description to Core1",
    ]
)
result["restored"] = router.send_command("show running-config")
result["alive"] = router.is_alive()
router.disconnect()
json.dump(result, sys.stdout)
