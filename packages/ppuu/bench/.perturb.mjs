import { init } from "@lab/core"; import * as lab from "@lab/ppuu"; import * as ev from "@lab/ppuu/evaluation"; import * as tf from "@tensorflow/tfjs-core"; import {readFileSync, writeFileSync, existsSync} from "node:fs";
await init({backend:"wasm"});
const make = async (name, o)=>{ const f=`/tmp/scratch/ppuu/${name}.npz`; if(!existsSync(f)) await lab.saveLog(f, lab.subsampleLog(await lab.simulateTraffic(o),2)); return lab.loadLog(f); };
const train = await make("train",{seconds:50,scenes:24,seed:0}); const test = await make("test",{seconds:62,scenes:24,seed:1000});
const ego = lab.unicycle({dt:.2});
const t0=Date.now();
for (const [a,b,p] of JSON.parse(process.argv[2])) {
 const policy = lab.mlpPolicy({seed:a});
 let last; await lab.trainPolicy({policy,world:lab.replayWorld(train),ego,costs:lab.vectorCosts(),log:train,steps:300,seed:b,perturb:p?{}:false,on:e=>last=e});
 const r = await ev.evaluate(policy,{log:test,mode:"replay",episodes:144,seed:1});
 const c={}; for(const e of r.episodes) c[e.outcome]=(c[e.outcome]??0)+1;
 // response: alone in lane 1, v 8, offset .4 or heading .02
 const resp=[]; for (const [dy,h,lane] of [[.4,0,1],[-.4,0,1],[0,.02,1],[0,-.02,1],[0,0,0],[0,0,3]]) { let s=tf.tensor2d([[0,(lane+.5)*3.7+dy,Math.cos(h),Math.sin(h),8]]); const scene={cars:tf.zeros([1,1,5]),mask:tf.zeros([1,1]),road:test.road}; const tr=[]; for(let t=0;t<40;t++){ s=tf.tidy(()=>ego.step(s,policy({ego:s,scene,car:tf.tensor2d([[4.8,1.9]])}))); if(t%13===12) tr.push(((await s.data())[1]-(lane+.5)*3.7).toFixed(2)); } resp.push(tr.join("/")); }
 const g = await (async()=>{ const s=tf.tensor2d([[0,1.5*3.7,1,0,8]]); const scene={cars:tf.zeros([1,1,5]),mask:tf.zeros([1,1]),road:test.road}; const f=(y)=>tf.slice(policy({ego:y,scene,car:tf.tensor2d([[4.8,1.9]])}),[0,1],[1,1]); const d=await tf.grad(f)(s).data(); const b0=(await f(s).data())[0]; return `b0 ${b0.toExponential(2)} db/dy ${d[1].toExponential(2)} db/dh ${d[3].toExponential(2)}`; })();
 console.log(`init ${a} samples ${b} perturb ${p}: ${r.success.mean.toFixed(3)} ${JSON.stringify(c)} loss ${last.loss.toFixed(3)} ${g} resp ${resp.join("  ")} [${((Date.now()-t0)/1000).toFixed(0)} s]`);
 policy.dispose();
}
