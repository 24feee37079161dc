"""Test keys of the sandbox rails: published, so that an integrator can begin at once, and refused by every node outside
the demo, because they begin with `sample-`.

Nothing of the platform is imported here.
"""

from __future__ import annotations

# RSA keys of 2048 bits, base64 of DER: PKCS#8 the private ones, SubjectPublicKeyInfo the public ones.
NODE_PRIVATE = (
    "sample-MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDBQyGQ/UgvzC+Tg3R8YEldv9+XVWbvpcEERA+P6FAz5cR4BINMXyF"
    "oWFO6qi4Bef9qTqBhLH0ucUW/lbEnoKLVVFyiM/EVzZ6LSrrJ+2Yk8Eg/Sl0A4tn70fWQf6lJ/iURLXE3RoyJ0KTywa3TKgBm43n7dvpR4Jq/J"
    "o13M9+pnvcvPD8IYTVCwXU8upLmjgxpDUwe6ky02kXoHq1Mn9bc0beBYY47GtWNej12LJG8rGxGId8E2tlII0fDdZC3lfjdr7Q02CyjyVcSeyJ"
    "y7qq3o84xdo8A7SSn+SxpVq++kJzzKtsj1kUMA0gjmw/bWGq4oeJggnEopXEsFn6kdqM9AgMBAAECggEAPmST46FButyqx277HmRfizq0zsCtm"
    "NTkeaIXfBg+PGMDiNO8J93WhT9u2Ka0b5mZUhLMSFL6nxHGuNF0/hwoNcMknOE0Bhv6AXJA15CoK2i/il9Ro0WZpmjkZKAyYUcBZIhNMtE98gh"
    "AGHdazP+UXaM28G465lAi5W9m4IMIxFOT9+FaJ1AiGQ8nUs8bril27E9YlpbaURDl+/wYFTu5Pow7fdU+g3/zkI/6lXMilvHkVESEvnLUTovz4"
    "UbrqNrc3ywaM6ISHgaQGsy9t9rNNK17MowQzlPj9Nf7NMJj2aUC2O7MV6xYzGgKdhhCU/fdelBCLIaiOw3+mRfzz6qYqQKBgQDuQ3X3jA1lu7l"
    "HQbpJHA76PopKdTJhpa2fTpWyM5ytbWMa1xLLFbHR1ljbCoMwMYWb1c4cQoSNMHf4IqJCTeQ88hek6CJ41CCdCq+kijiGJrXCN8qd6d4wae7HU"
    "iPpq+ToTmbXwhuKJ2UadqW/ujf0WEe1738HlyjH33EiJ525dwKBgQDPphcHz3J0HSWNa9wISx+wpbR7ex4+i+F58S632220Kgk32hdwf3kLpXi"
    "CwdZXkplbN6rXH3WmXKIDdZ7nhZ0MHW6Q9eGBYSij8c/jx3S4bXhefj33NSdFQFca0LY9J7zO7J3P20vYVX7axMLgnkHES2xjs8SuAauWUHZz8"
    "OZ16wKBgF3p6U2xvnYjEFyt46d9j8nDbO78Uud6Tn1ElGyxO0iAnVeu/pFd88EqI8vy0NLmMivCkoNBFM4yFJeRzzMjUJtVMUym0y+dLV25IJJ"
    "SiQUXrPzo0Mx9qj6bAqs+DTnFr2yBurfAoupJrOhJa/uugu+k/F8SD5gGVOSzhfxYcSrxAoGAXGQiSy9aVZ/CXbJoLKiAaTDRpT+arWm/4WoWx"
    "2ey4D7z6w327+9IBI6TmFp27HAmHBggw6cTyfndfHyRP6KLxiAyWf2NYOvCEXA+d7L/lC/hJuo02BGmb4G5QA0tiPhtYgSWEy4YCSHBV8XEj/z"
    "admS4zYPnNyU3G6KhkeTWJhECgYEAvIxHkgMODB/uHxruhvZmnEbBDtAxOeF5gVqyRogwxhbxUD3jzl8E6MaWZ/rggYh8HG3NFmUFkdIOJfmbH"
    "2/dEdqkjUcwi6eXuc7Q+INJNAUlS6j3cDdtoKeUUts55MnBCGsqSLVYix5jTbtdAWV+qW+dxL7UHK8Rmct05msG0OI=")
NODE_PUBLIC = (
    "sample-MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwUMhkP1IL8wvk4N0fGBJXb/fl1Vm76XBBEQPj+hQM+XEeASDTF8haFhTuqo"
    "uAXn/ak6gYSx9LnFFv5WxJ6Ci1VRcojPxFc2ei0q6yftmJPBIP0pdAOLZ+9H1kH+pSf4lES1xN0aMidCk8sGt0yoAZuN5+3b6UeCavyaNdzPfq"
    "Z73Lzw/CGE1QsF1PLqS5o4MaQ1MHupMtNpF6B6tTJ/W3NG3gWGOOxrVjXo9diyRvKxsRiHfBNrZSCNHw3WQt5X43a+0NNgso8lXEnsicu6qt6P"
    "OMXaPAO0kp/ksaVavvpCc8yrbI9ZFDANII5sP21hquKHiYIJxKKVxLBZ+pHajPQIDAQAB")
CENTRE_PRIVATE = (
    "sample-MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC4JfQ9ES/nUfrp1XiW/2AQXzvnOFbZ8rnqCt3XMfYYCzmE4TjK1zh"
    "wzNoZa6vuSvWgSudLvzGnuZLRHTdeGdizmDALgmICNKdFmduoIHbfbKeWbiYic+oac8si5MD6NDpBGGm4OC3NXBFhiD9BJ6lOJrl3J2ECwDnAX"
    "gLDGvkJnjKd4sS1EVhFYMeE3rLkp5gceK1ppDCDQdZ0ti21Kivzs0jquFgqYVjhVhrwfmxUDQ+y0Sdpef8ld/bD0MDDuMRjkZiFUMO9FG9FuY+"
    "n3Hr7B4GhYbzLvvvxyF+swaXn1CPU8vLuzmeDdoKQQABWvtz7EBKScxMa1WVj8pQ+uMAfAgMBAAECggEAPSeZm3gsPPmMRwC2SgsoV3eRGMIsk"
    "bfaxx9xueglLqn3oan8JtzfqRJW8e9Ai2QIe4G0m4K01ls6J0k5HH6f6VDGz+OuccYTsPkeKhER+TQH2dzdvD5bhgpjcUSf09fparnVTjEWAOe"
    "s/AN34kbuIn6YxDnnLTcyVrDB4RKBlxAJjGVfPYrYvSJw28j0gTVa8Q751B1rd13TPGA5YhrZA9II4QIvig2jntsO2vE23X5XkH52hKKPEcuo1"
    "K1HgA5elrd+momLbAHYpYT5+hQMQDFxOqx83VRhm18tl3RiCp9Ry3RUqySYsjTTCn8W+GWl1d5yrzj8RFwU/E0kh0/ixQKBgQD31MI4ca9dklb"
    "nfzEhr/F1pbevwroXLXdbo8p2zSC5e6Jxzw9tjSRPhmb/LF85l2lyvssohKRcr5ZhDDjYKfFvCQJckmbD2QBBIaWODJhfJM/yfJnkFILYrhdHI"
    "rJYEfEGIkdtlbejzGnoW8TckWklWaIzrIKcUqTtmp4GY/CI0wKBgQC+N9QmfDqRBX1wg18xGC2Gm+BnPysUJQPm5zRxhdM4vmFMOXh2Eh+5EOT"
    "v/6ljt+oD+BlGHoKJocx/3WJgXDdolYRVKTN6ni2pUSlX1EcKIDeT5O6260SwjkXjmIKRiH+5zDdX7aSwo5IW6SXjHSCGi+IcWSMTwdnqw5g8e"
    "lUcBQKBgFm1pzRdWphpf5G+xd8m3CW0/f/eYhQ/vgPrDz/f0uexbET8Kd6DB9DNmvzlZ/bl6yLBE7MwCHsQiEPK88yzqhSCU1uFFzPvmhr5ff8"
    "kageOwMNK/T3FevPKWNzEH4CnxfJteCOf3WCqfu/AQEuDS2dcwc0otgK2G8Nyg59Wj9xHAoGAX4gGYjWt7DuHnkQ8QJnV827BqtjMt9dHOGYRr"
    "pn5VNw4XWHXn+TGTdmwQOBzoAMz4j5t4wtbn+fEnsr+p0ppAXtl9Kc2lXRvlkOOse+Ipgs8HmixguhxnQI3E3D60kBtdVCc0uok9hmQOzVos8F"
    "jHm+OZZJWzYtj+EW3ZVhC+kkCgYBMQJxaeWzDfQ+r8lWFtXJ+j+7Rqv1DL9LMyExz49Ui/eGSKvjrZwSQFFDFmdc+9RoMCkdUcQuI1aUKkMzPu"
    "l+OEBYZBIBIKm50hrh3eHezuGs619K412JEN+m3Cgadee0w1rn7HsQJvunmDhCOPOPOgYT38/Usb5OmvJRsU8vuNA==")
CENTRE_PUBLIC = (
    "sample-MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuCX0PREv51H66dV4lv9gEF875zhW2fK56grd1zH2GAs5hOE4ytc4cMzaGWu"
    "r7kr1oErnS78xp7mS0R03XhnYs5gwC4JiAjSnRZnbqCB232ynlm4mInPqGnPLIuTA+jQ6QRhpuDgtzVwRYYg/QSepTia5dydhAsA5wF4Cwxr5C"
    "Z4yneLEtRFYRWDHhN6y5KeYHHitaaQwg0HWdLYttSor87NI6rhYKmFY4VYa8H5sVA0PstEnaXn/JXf2w9DAw7jEY5GYhVDDvRRvRbmPp9x6+we"
    "BoWG8y7778chfrMGl59Qj1PLy7s5ng3aCkEAAVr7c+xASknMTGtVlY/KUPrjAHwIDAQAB")
FORGER_PRIVATE = (
    "sample-MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDjYYu6X7aRt/FN/P+JVmC+N0i/Dxxbg01lf9JVLJa6Z4d83MmhltH"
    "SkpG43XN7Xd/Rmz/C+S86DXac4t2gNjRrDNMlsPpEAz5uSbWlmSE9q8hJq9cDxQOrIDpPDUBj8GZj9qW9kiAyI3IHwaq+JA7PuSKGws9w0n+5h"
    "bPD2N9af68Z0Uddm7VK8ev3yr1NHMPawvV1Mnp4kyHWcbf6h1Cc5aKjIm3R7pcD6Yra+w539QsznfZBJRSGcPrkDIqOUqEtysbze8QQ212oqR4"
    "7wupudxbfvLQd0LR5ZpnPr5XKYg2YwqWeoDfPRTVa1xVo9gv7Y0e4DCwprootb0hM+y/NAgMBAAECggEAN33E1fUp3yIe98N4sZGtBn8Dd+0+J"
    "G9E4jJxqGu7VT6S6DwR0Se3iUZP3efdmQvt5X+X7gNWLTq/6cXMBJ9153I3zYkFarfH8q52cDWQ0TYtKR2Q2dCo9ohk8onvXvR6aIb3J+6TgOj"
    "5mT8AZmryWmt6K507dvNITIR+vJse1zzAKdSlOGHQYdHJ+08oLTaISndvSIu/HBxsuB2WWG9flLZh4KsTZbZguEydLMMhsoND8vg5HQPTG4xtB"
    "qsbtHET2nkTdBi6Qi6WZqaY0Om1nkvGgXrjHQR+aoeFS5WpQertcxL3Cxe7jxQCakxmmD6BDcehQ4x61vd51w1yX1dkAQKBgQD7HEH4pjXaWb2"
    "zXywPFKADTa2frBZ9sfUprfPzcAOoeg7INw8Gl9Hs7CckN4QirSK4FHzuKzV2GR/8NzYnDqXQw4gCGuhclWM9fnLB8g5EOZ6D7UqOyt83ykXvF"
    "5DJ1RzNkR4BUc0gPGQL8/lOYXmXbrvFnZX+aMTJqp25oGnvgQKBgQDnzwBbaKG8yvJoVytJFrw9afh22rMOvKMDk+staXt+U7jhan3wKWfB9oJ"
    "zCYOO9pELeZeaS/UPFljkgPqWmNshegchud+WTSJjXsrG1Oree8MlKGVU3QRyfObbIryqm7rfUlIMh78KybkXPv+RXeame84ZFcq/i4tFi2CQb"
    "BEmTQKBgBmfLYAQfYg1Be0qddVoFlef8mpLZdQXd1t0W2LoeAcVxTJao9bZYNsa0XeZjor3PYao2IJ4uDC/qYrTm1vq27JscRE9652exIx+vXj"
    "amOgPNQRjDut4+cO4iOA3eFePviufdf9OeG6kmtS5ZSPBQGXaL6CfTrGxwPqOxR8upgCBAoGAfgA3ungCSiOqZerT3XOdOGispLY11BHXLe+uS"
    "s3mUYFioiyHbg6jlnvO5obKWuBNcQZT0IvvFZdZFEPDci5+FhFFZSCqlwEwawEwialcTTjKlx0BD4LfkvevaHfWQ4pIpnERpjv3LP7/O9KDilm"
    "XMPFk0p/UyA8q0c9z2qzTGZUCgYANrZ1K0vWqK8v2uO/v3apLwQxym8Ziq0Xmr9PHzyPoFueesgnxEG3qA7kHIDkBANeIU8UXiu6n4MsZC5qHn"
    "F/iOg8AJj21oI8fL64ahQi3Yl/mpbQwABeqOVdJIoSIqBPmZ+58qcQnf7SnGcsxRV9rslYwbwF0ljqFHHZTLtXTmA==")

FAWRY = {"MERCHANT": "sample-merchant", "KEY": "sample-fawry-key"}
PAYMOB = {"SECRET_KEY": "sample-paymob-secret", "PUBLIC_KEY": "sample-paymob-public", "API_KEY": "sample-paymob-api",
          "HMAC": "sample-paymob-hmac", "INTEGRATION": "100"}
EFINANCE = {"SENDER": "SHUBBAK", "CENTRE": "EFINANCE", "SERVICE": "1001", "ACCOUNTS": "*=SA-0001",
            "PRIVATE_KEY": NODE_PRIVATE, "CENTRE_KEY": CENTRE_PUBLIC}
POS = {"TERMINALS": "10000001,10000002"}


def environment(rails: str, gateway: str) -> dict[str, str]:
    """What a node is given to use the sandbox rails at the address `rails`; its own gateway is at `gateway`."""
    def callback(rail: str) -> str:
        return f"{gateway}/api/v1/payments/callbacks/{rail}"

    groups: dict[str, dict[str, str]] = {
        "FAWRY": {**FAWRY, "URL": f"{rails}/fawry", "CALLBACK_URL": callback("fawry"), "PAY_PAGE": f"{rails}/pay"},
        "PAYMOB": {**PAYMOB, "URL": f"{rails}/paymob", "CALLBACK_URL": callback("paymob")},
        "EFINANCE": {**EFINANCE, "URL": f"{rails}/efinance", "CALLBACK_URL": callback("efinance"),
                     "PAY_PAGE": f"{rails}/pay"},
        "POS": POS,
    }
    return {f"SHUBBAK_{group}_{name}": value for group, values in groups.items() for name, value in values.items()}
