from pathlib import Path

from lectern import errors
from lectern.bridge.problems import HTTP_CODES, OTHER_CODE
from lectern.error_numbers import NUMBERS, as_message, message_of, number_of

MESSAGE = Path(__file__).parents[1] / "ros2_ws/src/lectern_interfaces/msg/ErrorCode.msg"


def every_error(base: type[errors.LecternError] = errors.LecternError):
    yield base
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from every_error(child)


def test_every_code_that_http_may_send_has_a_number_and_no_number_is_without_one():
    codes = {error.code for error in every_error()} | {*HTTP_CODES.values(), OTHER_CODE}
    assert set(NUMBERS) == codes


def test_no_number_is_given_twice_and_none_means_success():
    assert len(set(NUMBERS.values())) == len(NUMBERS)
    assert 0 not in NUMBERS.values()


def test_the_message_of_ros_is_written_from_this_table():
    assert MESSAGE.read_text(encoding="utf-8") == as_message()


def test_an_error_keeps_its_number_and_words_and_what_is_unexpected_stays_inside():
    error = errors.RobotBusy("The robot moves.", "Wait.")
    assert (number_of(error), message_of(error)) == (
        NUMBERS["robot_busy"],
        "The robot moves. Wait.",
    )
    secret = ValueError("/a/secret/path")
    assert number_of(secret) == NUMBERS["internal"]
    assert "secret" not in message_of(secret)
