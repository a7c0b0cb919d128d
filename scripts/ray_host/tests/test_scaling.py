"""How many hosts a queue deserves."""

from evom_ray.scaling import Scaling


def run(scaling, count, asked, begin, seconds, slots=4):
    """Asks each second, each host as loaded as the others; returns the hosts then."""
    for second in range(seconds):
        count = scaling.wanted(begin + second, count, [{"asked": asked / count, "slots": slots}] * count)
    return count


def test_a_number_stays_as_it_is():
    assert run(Scaling(3, 3), 3, 1000, 0, 300) == 3
    assert Scaling(3, 3).wanted(0, 1, []) == 3


def test_grows_after_ten_seconds_of_a_queue_and_not_for_a_moment():
    scaling = Scaling(1, 8)
    assert run(scaling, 1, 8, 0, 5) == 1
    assert run(scaling, 1, 0, 5, 1) == 1
    assert run(scaling, 1, 8, 6, 9) == 1
    assert run(scaling, 1, 8, 15, 3) == 2


def test_never_has_more_than_the_most_or_fewer_than_the_least():
    scaling = Scaling(2, 5)
    count = run(scaling, 2, 1000, 0, 60)
    assert count == 5
    assert run(scaling, count, 0, 60, 1000) == 2


def test_shrinks_one_by_one_and_only_where_two_minutes_did_without():
    scaling = Scaling(1, 8)
    count = run(scaling, 4, 16, 0, 60)
    assert count == 4
    count = run(scaling, count, 2, 60, 119)  # the last busy second is within two minutes
    assert count == 4
    count = run(scaling, count, 2, 179, 10)
    assert count == 3
    assert run(scaling, count, 2, 189, 100) == 3
    assert run(scaling, count, 2, 289, 30) == 2


def test_hosts_that_are_still_starting_are_waited_for():
    scaling = Scaling(1, 8)
    for second in range(60):
        # Two hosts, of which one answers: it has the queue of both, and the other will take its share.
        count = scaling.wanted(second, 2, [{"asked": 16, "slots": 4}])
    assert count == 2
