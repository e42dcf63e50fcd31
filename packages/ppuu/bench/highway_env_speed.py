"""Car-steps per second of HighwayEnv, 60 cars at 10 Hz; prints JSON."""
import json
import os
import time

import gymnasium
import highway_env  # noqa: F401  registers the environments

env = gymnasium.make(
    "highway-v0",
    config={
        "lanes_count": 4,
        "vehicles_count": 59,
        "simulation_frequency": 10,
        "policy_frequency": 10,
        "duration": 1000,
        "offscreen_rendering": True,
    },
)
env.reset(seed=0)
clock = time.process_time if os.environ.get("LAB_BENCH_CLOCK") == "processor" else time.perf_counter
steps, resets, begin = 0, 0, clock()
while clock() - begin < 6:
    _, _, terminated, truncated, _ = env.step(1)
    steps += 1
    if terminated or truncated:
        resets += 1
        env.reset(seed=resets)
seconds = clock() - begin
print(json.dumps({"car_steps_per_second": steps * 60 / seconds, "steps": steps, "version": highway_env.__version__}))
