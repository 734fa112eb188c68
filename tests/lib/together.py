"""Several things done at the same moment."""
import concurrent.futures
import threading


def together(*acts) -> list:
    """All begin at once, each in a thread of its own. What each returned, in the order given; what one of them raises is raised."""
    gate = threading.Barrier(len(acts))

    def one(act):
        gate.wait()
        return act()
    with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(one, act) for act in acts]]
