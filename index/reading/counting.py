"""A number enters, how lists write it leaves: in letters, or in Roman numerals."""

MOST_ROMAN = 3999


def letter(number: int) -> str:
    """Return a to z, then aa to zz, aaa to zzz."""
    times, letter = divmod(number - 1, 26)
    return chr(ord("a") + letter) * (times + 1)


def roman(number: int) -> str:
    """Return i to mmmcmxcix, of 1 to `MOST_ROMAN`."""
    digits = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    ten_times = str.maketrans("ivxlc", "xlcdm")
    written = ""
    for digit in str(number):
        written = written.translate(ten_times) + digits[int(digit)]
    return written
